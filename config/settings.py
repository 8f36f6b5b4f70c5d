"""Settings of the whole project, by environment variables; see .env.example for their list."""

from importlib import import_module
from pathlib import Path
from urllib.parse import quote

import django_stubs_ext
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _
from kombu import Queue

from config import openapi_settings
from config.lib.web import request_log
from config.local import paths
from config.local.env import env

django_stubs_ext.monkeypatch()  # `ModelForm[Area]` must mean something at run time too

BASE_DIR = paths.ROOT
PLACES = paths.find()
VAR_DIR: Path = PLACES.var

# Without DATABASE_URL the project runs on the PostgreSQL and Valkey that it starts by itself.
EMBEDDED = not env.str("DATABASE_URL", "")
PRODUCTION = env.bool("PRODUCTION", not EMBEDDED)
DEBUG = env.bool("DEBUG", False)
DEMO = env.bool("DEMO", EMBEDDED)  # invented people: second factor not forced, logins printed

if PRODUCTION:
    SECRET_KEY = env.str("SECRET_KEY")
    CONTACT_KEYS: dict[str, str] = env.pairs("CONTACT_KEYS", "")
    ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", "")
else:
    _own = paths.own_secrets(VAR_DIR)
    SECRET_KEY = env.str("SECRET_KEY", _own["secret_key"])
    CONTACT_KEYS = env.pairs("CONTACT_KEYS", "") or _own["contact_keys"]
    ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
# Tracking codes are derived from it: it must outlive a change of SECRET_KEY.
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
    "django.forms",  # its templates, for the renderer below
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
    "config.lib.web.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.lib.web.errors.RequestSanityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    # Instead of allauth's own session middleware, which would write on every request.
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

TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)  # how many stand between a visitor and us
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES

# What else a hat may keep on the operators' pages: the words and limits of cases, never a case.
OPERATOR_PERMISSIONS = {
    "system_admin": [
        f"petitions.{verb}_{name}"
        for verb in ("view", "add", "change")
        for name in ("category", "standard", "privacynotice")
    ]
}

# What higher apps add to the pages of lower ones; see config/lib/panels.py.
PAGE_PANELS = {
    "places": ["branches.panels.gaps"],
    "place": ["branches.panels.responsible", "petitions.web.panels.of_place"],
    "organisation": ["members.posts.panels.posts", "petitions.web.panels.of_organisation"],
}

# --- Database, cache, queue -------------------------------------------------------------------

_database: dict[str, str] = env.postgres_url(
    "DATABASE_URL", f"postgres://zhaozhibu@/zhaozhibu?host={quote(str(PLACES.sockets))}&port=5432"
)
# A statement that runs longer is cut, so that one bad query cannot hold a worker or a lock.
STATEMENT_TIMEOUT_MS = env.int("STATEMENT_TIMEOUT_MS", 15_000)
LOCK_TIMEOUT_MS = env.int("LOCK_TIMEOUT_MS", 5_000)
DATABASES = {
    "default": {
        "ENGINE": "config.lib.db.postgres",
        "NAME": _database.get("dbname", ""),
        "USER": _database.get("user", ""),
        "PASSWORD": _database.get("password", ""),
        "HOST": _database.get("host", "localhost"),
        "PORT": _database.get("port", ""),
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", 600),
        "CONN_HEALTH_CHECKS": True,
        # The server cuts a statement first; a line on which even that is not heard is given up.
        "READ_TIMEOUT": STATEMENT_TIMEOUT_MS / 1000 + 5 if STATEMENT_TIMEOUT_MS else None,
        "OPTIONS": {
            "connect_timeout": 3,
            "application_name": "zhaozhibu",
            # Reordering more joins than this costs a page more than it saves: the longest statement
            # was planned for 4.5 ms to run 0.2.
            "options": (
                f"-c join_collapse_limit=4"
                f" -c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={LOCK_TIMEOUT_MS}"
                " -c idle_in_transaction_session_timeout=60000"
            ),
        },
        "TEST": {"NAME": env.str("TEST_DATABASE", "test_zhaozhibu")},
    }
}

_redis = env.str("REDIS_URL", "").rstrip("/")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": f"{_redis}/1" if _redis else f"unix://{PLACES.broker}?db=1",
        "KEY_PREFIX": "zhaozhibu",
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}

CELERY_BROKER_URL = f"{_redis}/0" if _redis else f"redis+socket://{PLACES.broker}?virtual_host=0"
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": "zhaozhibu:",  # a shared Redis can never mix two systems
    "visibility_timeout": 600,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "queue_order_strategy": "sorted",  # by name: the clock's own queue comes first
    "health_check_interval": 5,  # a worker on a line gone mute opens another within three of these
    "max_retries": 1,  # a request waits for no broker: the outbox row is the carrier
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_DEFAULT_QUEUE = "zhaozhibu"
# The sweep has a queue of its own, from which every worker takes first: it never waits behind the
# announcements of a busy hour, where its messages would expire one after the other.
CELERY_TASK_QUEUES = [Queue(name, routing_key=name) for name in ("clock", "zhaozhibu")]
CELERY_TASK_ROUTES = {"petitions.ops.scheduled_tasks.sweep_deadlines": {"queue": "clock"}}
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

# --- People -----------------------------------------------------------------------------------

AUTH_USER_MODEL = "members.User"
AUTHENTICATION_BACKENDS = ["members.accounts.backends.RoleBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
_validation = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_validation}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_validation}.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": f"{_validation}.CommonPasswordValidator"},
    {"NAME": f"{_validation}.NumericPasswordValidator"},
    {"NAME": "members.accounts.validators.NotAboutYouValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "petitions:home"  # a hat goes to its own pages: members/accounts/adapters.py
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # a forgotten password sends no letter to strangers
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_ADAPTER = "members.accounts.adapters.AccountAdapter"
ACCOUNT_RATE_LIMITS = {
    "login": None,  # wrong passwords are counted by members/accounts/adapters.py
    "login_failed": "30/m/ip,5/30m/key",  # codes of the second factor
}
LOCKOUT_FAILURES = env.int("LOCKOUT_FAILURES", 5)
LOCKOUT_ADDRESS_FAILURES = env.int("LOCKOUT_ADDRESS_FAILURES", 30)
LOCKOUT_SECONDS = env.int("LOCKOUT_SECONDS", 30 * 60)
MFA_ADAPTER = "members.accounts.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "找支部"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are the administrators' word, nobody verifies them
USERSESSIONS_ADAPTER = "members.accounts.adapters.SessionsAdapter"
USERSESSIONS_TRACK_ACTIVITY = False
DEMO_PASSWORD = env.str("DEMO_PASSWORD", "Demo-2026-grid")  # of the invented people only

SESSION_ENGINE = "config.lib.web.sessions"
SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_SECONDS", 30 * 60)
SESSION_MAX_SECONDS = env.int("SESSION_MAX_SECONDS", 8 * 60 * 60)
SESSION_COOKIE_AGE = SESSION_MAX_SECONDS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

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
WHITENOISE_USE_FINDERS = not PRODUCTION  # collecting and compressing takes a minute; see Dockerfile
WHITENOISE_AUTOREFRESH = DEBUG
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", str(VAR_DIR / "media")))
PHOTOS_BY_ACCEL = env.bool("PHOTOS_BY_ACCEL", PRODUCTION)  # nginx sends what a view has allowed
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
BACKUP_DIR = Path(env.str("BACKUP_DIR", str(BASE_DIR / "backups")))  # outlives `var/`
BACKUP_KEEP = env.int("BACKUP_KEEP", 14)
FILE_UPLOAD_PERMISSIONS = 0o644  # nginx, another account in another container, sends them
LARGEST_BODY = 125 * 1024 * 1024  # six photos of 20 MiB and the words that go with them
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000

# --- Protection -------------------------------------------------------------------------------

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
CSRF_COOKIE_HTTPONLY = False  # htmx sends the token from the page, never from the cookie
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

EMAIL_BACKEND = env.str("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
EMAIL_HOST = env.str("EMAIL_HOST", "localhost")
EMAIL_PORT = env.int("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "zhaozhibu@localhost")

# --- Watching it run --------------------------------------------------------------------------

LOGGING = request_log.logging_config(
    as_json=request_log.json_lines_wanted(env.str("LOG_FORMAT", "")),
    level=env.str("LOG_LEVEL", "INFO"),
    with_messages=DEBUG,
)
METRICS_TOKEN = env.str("METRICS_TOKEN", "")
MIN_FREE_MB = env.int("MIN_FREE_MB", 200)

# --- Messages to people -----------------------------------------------------------------------

SITE_URL = env.str("SITE_URL", f"http://127.0.0.1:{env.int('PORT', 8000)}")  # for links in mail
OUTBOX_DIR = Path(env.str("OUTBOX_DIR", str(VAR_DIR / "outbox")))
CHANNELS = {  # a way out and its adapter; without an adapter it is not used
    "email": env.str("EMAIL_CHANNEL", "members.inbox.channels.EmailChannel"),
    "sms": env.str("SMS_CHANNEL", "" if PRODUCTION else "members.inbox.channels.SmsFileChannel"),
    "wecom": env.str(
        "WECOM_CHANNEL", "" if PRODUCTION else "members.inbox.channels.WeComFileChannel"
    ),
}

# Import the Celery app, so that `shared_task` works in every Django process.
import_module("config.celery")
