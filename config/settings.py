"""Django settings; .env.example lists the environment variables."""

from importlib import import_module
from pathlib import Path

import django_stubs_ext
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _
from kombu import Queue

from config import database_settings, extension_points, openapi_settings, production_settings
from config.account_settings import *  # noqa: F403 - Django reads settings from one module
from config.lib.web import request_log
from config.local import paths
from config.local.env import env

django_stubs_ext.monkeypatch()  # makes `ModelForm[Area]` valid at run time

BASE_DIR = paths.ROOT
DATA_PATHS = paths.find()
VAR_DIR: Path = DATA_PATHS.var

# Without DATABASE_URL the project uses its embedded PostgreSQL and Valkey.
EMBEDDED = not env.str("DATABASE_URL", "")
PRODUCTION = env.bool("PRODUCTION", not EMBEDDED)
DEBUG = env.bool("DEBUG", False)
DEMO = env.bool("DEMO", EMBEDDED)  # sample data: MFA is optional, log-ins are printed

if PRODUCTION:
    SECRET_KEY = env.str("SECRET_KEY", "")
    CONTACT_KEYS: dict[str, str] = env.pairs("CONTACT_KEYS", "")
    ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", "")
    # Tracking codes are derived from it, so it stays the same when SECRET_KEY changes.
    TRACKING_SECRET = env.str("TRACKING_SECRET", "")
    production_settings.require(
        is_embedded=EMBEDDED,
        switches={"DEBUG": DEBUG, "DEMO": DEMO},
        secrets={"SECRET_KEY": SECRET_KEY, "TRACKING_SECRET": TRACKING_SECRET},
        contact_keys=CONTACT_KEYS,
        allowed_hosts=ALLOWED_HOSTS,
    )
else:
    _own = paths.own_secrets(VAR_DIR)
    SECRET_KEY = env.str("SECRET_KEY", _own["secret_key"])
    CONTACT_KEYS = env.pairs("CONTACT_KEYS", "") or _own["contact_keys"]
    ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
    TRACKING_SECRET = env.str("TRACKING_SECRET", SECRET_KEY)
PRODUCT_NAME = "找支部"
SECRET_KEY_FALLBACKS = env.items("SECRET_KEY_FALLBACKS", "")
CSRF_TRUSTED_ORIGINS = env.items("CSRF_TRUSTED_ORIGINS", "")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",  # templates for FORM_RENDERER
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "django_htmx",
    "csp",
    "grids",
    "branches",
    "members",
    "petitions",
]

MIDDLEWARE = [
    "config.lib.web.request_log.RequestMiddleware",
    "config.lib.web.security_headers.SecurityHeadersMiddleware",
    "config.lib.web.redirects.RedirectMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.lib.web.errors.RequestSanityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "config.lib.web.health.HostCheckMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "members.accounts.refusal_log.RefusalLogMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    # Instead of allauth's session middleware, which writes to the database on every request.
    "members.accounts.middleware.NoStoreMiddleware",
    "members.accounts.middleware.SessionTimeoutMiddleware",
    "members.accounts.middleware.PasswordChangeMiddleware",
    "members.accounts.middleware.MfaRequiredMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "members.inbox.context_processors.unread_count",
                "config.context_processors.staff",
            ],
            "builtins": ["config.templatetags.components", "config.templatetags.durations"],
            "libraries": {"moments": "config.templatetags.durations"},
        },
    },
]

TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)  # proxies between the client and this server
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES

# Additional permissions of administrator roles in the admin: the case catalogue, never cases.
OPERATOR_PERMISSIONS = {
    "system_admin": [
        f"petitions.{verb}_{name}"
        for verb in ("view", "add", "change")
        for name in ("category", "standard", "privacynotice")
    ]
    + ["petitions.view_residentmessage", "petitions.change_residentmessage"]
}

# Contacts that one person opens in a day before the supervisor gets a message.
REVEALS_PER_DAY = env.int("REVEALS_PER_DAY", 20)

PAGE_PANELS = extension_points.PAGE_PANELS
HOLDINGS = extension_points.HOLDINGS
MESSAGE_ACCESS = extension_points.MESSAGE_ACCESS
# Names of pages and acts in words, and the writer of changes in the admin, for the security log.
ROUTE_WORDS = extension_points.ROUTE_WORDS
ADMIN_CHANGE_LOG = extension_points.ADMIN_CHANGE_LOG
START_PAGE = extension_points.START_PAGE

# --- Database, cache, queue -------------------------------------------------------------------

DATABASES = {"default": database_settings.application(DATA_PATHS)}
APPLICATION_ROLE = DATABASES["default"]["USER"], DATABASES["default"]["PASSWORD"]
# None: one role does everything, as in installations of earlier releases.
OWNER_DATABASE = database_settings.owner(DATA_PATHS, is_embedded=EMBEDDED)

_redis: str = env.redis_url("REDIS_URL", "")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": f"{_redis}/1" if _redis else f"unix://{DATA_PATHS.broker}?db=1",
        "KEY_PREFIX": "zhaozhibu",
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}

CELERY_BROKER_URL = (
    f"{_redis}/0" if _redis else f"redis+socket://{DATA_PATHS.broker}?virtual_host=0"
)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": "zhaozhibu:",  # separates this system from others on a shared Redis
    "visibility_timeout": 600,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "queue_order_strategy": "sorted",  # by name, so the queue of the sweep comes first
    "health_check_interval": 5,  # a worker reconnects after three failed checks
    "max_retries": 1,  # requests do not wait for the broker: the outbox is durable
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_DEFAULT_QUEUE = "zhaozhibu"
# The deadline sweep has its own queue, which workers read first. In a shared queue its messages
# would expire behind the notifications of a busy hour.
CELERY_TASK_QUEUES = [Queue(name, routing_key=name) for name in ("deadlines", "zhaozhibu")]
CELERY_TASK_ROUTES = {"petitions.ops.scheduled_tasks.sweep_deadlines": {"queue": "deadlines"}}
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_CONCURRENCY = env.int("WORKER_PROCESSES", 1)
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1000
CELERY_BEAT_SCHEDULER = "config.lib.celery.scheduler:MonotonicScheduler"
CELERY_TIMEZONE = "Asia/Shanghai"

# --- API --------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "members.accounts.tokens.BearerToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.lib.rest.parsers.StrictJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_THROTTLE_RATES": {
        "api-file": env.str("API_FILE_RATE", "120/min"),
        "api-write": env.str("API_WRITE_RATE", "600/min"),
    },
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "config.lib.web.errors.problem_handler",
    "NUM_PROXIES": TRUSTED_PROXIES,
    "URL_FORMAT_OVERRIDE": None,
}
REST_KNOX = {"AUTH_HEADER_PREFIX": "Bearer", "AUTO_REFRESH": False}
SPECTACULAR_SETTINGS = openapi_settings.SETTINGS

# --- Language and time ------------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("简体中文")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
FORMAT_MODULE_PATH = ["config.formats"]
USE_TZ = True

# --- Files ------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "static-collected" if PRODUCTION else None
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION  # the Dockerfile collects and compresses them
WHITENOISE_AUTOREFRESH = DEBUG
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", str(VAR_DIR / "media")))
# nginx sends the photos that a view permits.
PHOTOS_BY_ACCEL = env.bool("PHOTOS_BY_ACCEL", PRODUCTION)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
# Outside `var/`, which may be deleted.
BACKUP_DIR = Path(env.str("BACKUP_DIR", str(BASE_DIR / "backups")))
BACKUP_KEEP = env.int("BACKUP_KEEP", 14)
# Anchors of the audit trail; on another disk or host than the database.
ANCHOR_DIR = Path(env.str("ANCHOR_DIR", str(VAR_DIR / "anchors")))
FILE_UPLOAD_PERMISSIONS = 0o644  # nginx reads them under another account
LARGEST_BODY = 125 * 1024 * 1024  # bytes; six photos of 20 MiB and a form
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000

# --- Security ---------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
CSRF_FAILURE_VIEW = "config.lib.web.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CSRF_COOKIE_HTTPONLY = False  # htmx takes the token from the page
if PRODUCTION:
    SECURE_SSL_REDIRECT = env.bool("SSL_REDIRECT", True)
    SECURE_REDIRECT_EXEMPT = [r"^(livez|readyz|metrics)$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", 31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"

# --- Mail -------------------------------------------------------------------------------------

OUTBOX_DIR = Path(env.str("OUTBOX_DIR", str(VAR_DIR / "outbox")))
EMAIL_FILE_PATH = OUTBOX_DIR / "mail"
# Without a server no mail is sent in production; elsewhere it is written to files, never to a log.
_mail = "smtp" if env.str("EMAIL_HOST", "") else "dummy" if PRODUCTION else "filebased"
EMAIL_BACKEND = env.str("EMAIL_BACKEND", f"django.core.mail.backends.{_mail}.EmailBackend")
EMAIL_HOST = env.str("EMAIL_HOST", "localhost")
EMAIL_PORT = env.int("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "zhaozhibu@localhost")

# --- Logs and metrics -------------------------------------------------------------------------

LOGGING = request_log.logging_config(
    as_json=request_log.json_lines_wanted(env.str("LOG_FORMAT", "")),
    level=env.str("LOG_LEVEL", "INFO"),
    with_messages=DEBUG,
)
METRICS_TOKEN = env.str("METRICS_TOKEN", "")
MIN_FREE_MB = env.int("MIN_FREE_MB", 200)

# --- Messages ---------------------------------------------------------------------------------

# Every absolute link begins with it: in messages, QR codes and prints, whatever the Host header.
_own_url = f"http://127.0.0.1:{env.int('PORT', 8000)}"
if PRODUCTION and ALLOWED_HOSTS:
    _own_url = f"https://{ALLOWED_HOSTS[0].lstrip('.')}"
SITE_URL = env.str("SITE_URL", _own_url)
_sends_mail = not EMAIL_BACKEND.endswith(".dummy.EmailBackend")
CHANNELS = {  # channel: adapter class; a channel without adapter is off
    "email": env.str("EMAIL_CHANNEL", "members.inbox.channels.EmailChannel" if _sends_mail else ""),
    "sms": env.str("SMS_CHANNEL", "" if PRODUCTION else "members.inbox.channels.SmsFileChannel"),
    "wecom": env.str(
        "WECOM_CHANNEL", "" if PRODUCTION else "members.inbox.channels.WeComFileChannel"
    ),
}

# Import the Celery app, so that `shared_task` works in every Django process.
import_module("config.celery")
