"""Gunicorn settings of django-helpdesk: as many processes and threads as the product's."""

import os

bind = os.environ["BIND"]
workers = 2
threads = 4
worker_class = "gthread"
preload_app = True
timeout = 600  # a list of a million tickets takes longer than a minute
keepalive = 5
control_socket_disable = True
