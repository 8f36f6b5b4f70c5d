"""django-helpdesk as its own small project, to be measured beside the product."""
