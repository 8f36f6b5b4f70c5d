"""Settings of the whole project, by environment variables; see .env.example for their list."""

from pathlib import Path

import django_stubs_ext
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _
from kombu import Queue

from config import openapi_settings
from config.lib.web import request_log
from config.local import env, paths

django_stubs_ext.monkeypatch()  # `ModelForm[Area]` must mean something at run time too

BASE_DIR = paths.ROOT
PLACES = paths.find()
VAR_DIR: Path = PLACES.var

# Without DATABASE_URL the project runs on the PostgreSQL and Valkey that it starts by itself.
EMBEDDED = not env.text("DATABASE_URL")
PRODUCTION = env.flag("PRODUCTION", not EMBEDDED)
DEBUG = env.flag("DEBUG", False)
DEMO = env.flag("DEMO", EMBEDDED)  # invented people: second factor not forced, logins printed

if PRODUCTION:
    SECRET_KEY = env.required("SECRET_KEY")
    CONTACT_KEYS = env.pairs("CONTACT_KEYS")
    ALLOWED_HOSTS = env.items("ALLOWED_HOSTS")
else:
    _own = paths.own_secrets(VAR_DIR)
    SECRET_KEY = env.text("SECRET_KEY", _own["secret_key"])
    CONTACT_KEYS = env.pairs("CONTACT_KEYS") or _own["contact_keys"]
    ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
# Tracking codes are derived from it: it must outlive a change of SECRET_KEY.
TRACKING_SECRET = env.text("TRACKING_SECRET", SECRET_KEY)
PRODUCT_NAME = "找支部"
SECRET_KEY_FALLBACKS = env.items("SECRET_KEY_FALLBACKS")
CSRF_TRUSTED_ORIGINS = env.items("CSRF_TRUSTED_ORIGINS")

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
            "builtins": ["config.templatetags.durations"],
            "libraries": {"moments": "config.templatetags.durations"},
        },
    },
]

TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 0)  # how many stand between a visitor and us
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
    "organisation": ["members.panels.posts", "petitions.web.panels.of_organisation"],
}

# --- Database, cache, queue -------------------------------------------------------------------

_database = (
    env.Database("zhaozhibu", "zhaozhibu", "", str(PLACES.sockets), "5432")
    if EMBEDDED
    else env.database("DATABASE_URL")
)
# A statement that runs longer is cut, so that one bad query cannot hold a worker or a lock.
STATEMENT_TIMEOUT_MS = env.number("STATEMENT_TIMEOUT_MS", 15_000)
LOCK_TIMEOUT_MS = env.number("LOCK_TIMEOUT_MS", 5_000)
DATABASES = {
    "default": {
        "ENGINE": "config.lib.db.postgres",
        "NAME": _database.name,
        "USER": _database.user,
        "PASSWORD": _database.password,
        "HOST": _database.host,
        "PORT": _database.port,
        "CONN_MAX_AGE": env.number("CONN_MAX_AGE", 600),
        "CONN_HEALTH_CHECKS": True,
        # The server cuts a statement first; a line on which even that is not heard is given up.
        "PATIENCE": STATEMENT_TIMEOUT_MS / 1000 + 5 if STATEMENT_TIMEOUT_MS else None,
        "OPTIONS": {
            "connect_timeout": 3,
            "application_name": "zhaozhibu",
            "options": (
                f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={LOCK_TIMEOUT_MS}"
                " -c idle_in_transaction_session_timeout=60000"
            ),
        },
        "TEST": {"NAME": env.text("TEST_DATABASE", "test_zhaozhibu")},
    }
}

_redis = env.text("REDIS_URL").rstrip("/")
CACHES = {
    "default": {
        "BACKEND": "config.lib.web.redis_cache.Cache",
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
CELERY_WORKER_CONCURRENCY = env.number("WORKER_PROCESSES", 1)
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
LOCKOUT_FAILURES = env.number("LOCKOUT_FAILURES", 5)
LOCKOUT_ADDRESS_FAILURES = env.number("LOCKOUT_ADDRESS_FAILURES", 30)
LOCKOUT_SECONDS = env.number("LOCKOUT_SECONDS", 30 * 60)
MFA_ADAPTER = "members.accounts.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "找支部"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are the administrators' word, nobody verifies them
USERSESSIONS_ADAPTER = "members.accounts.adapters.SessionsAdapter"
USERSESSIONS_TRACK_ACTIVITY = False
DEMO_PASSWORD = env.text("DEMO_PASSWORD", "Demo-2026-grid")  # of the invented people only

SESSION_ENGINE = "config.lib.web.sessions"
SESSION_IDLE_SECONDS = env.number("SESSION_IDLE_SECONDS", 30 * 60)
SESSION_MAX_SECONDS = env.number("SESSION_MAX_SECONDS", 8 * 60 * 60)
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
    "DEFAULT_PARSER_CLASSES": ["config.lib.rest.api.StrictJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_THROTTLE_CLASSES": ["config.lib.rest.api.WriteThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        "api-file": env.text("API_FILE_RATE", "120/min"),
        "api-write": env.text("API_WRITE_RATE", "600/min"),
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
MEDIA_ROOT = Path(env.text("MEDIA_ROOT", str(VAR_DIR / "media")))
PHOTOS_BY_ACCEL = env.flag("PHOTOS_BY_ACCEL", PRODUCTION)  # nginx sends what a view has allowed
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
BACKUP_DIR = Path(env.text("BACKUP_DIR", str(BASE_DIR / "backups")))  # outlives `var/`
BACKUP_KEEP = env.number("BACKUP_KEEP", 14)
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
    SECURE_SSL_REDIRECT = env.flag("SSL_REDIRECT", True)
    SECURE_REDIRECT_EXEMPT = [r"^(livez|readyz|metrics)$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.number("HSTS_SECONDS", 31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"

# --- Mail -------------------------------------------------------------------------------------

EMAIL_BACKEND = env.text("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.number("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "zhaozhibu@localhost")

# --- Watching it run --------------------------------------------------------------------------

LOGGING = request_log.logging_config(
    as_json=request_log.json_lines_wanted(env.text("LOG_FORMAT")),
    level=env.text("LOG_LEVEL", "INFO"),
    with_messages=DEBUG,
)
METRICS_TOKEN = env.text("METRICS_TOKEN")
MIN_FREE_MB = env.number("MIN_FREE_MB", 200)

# --- Messages to people -----------------------------------------------------------------------

SITE_URL = env.text("SITE_URL", f"http://127.0.0.1:{env.number('PORT', 8000)}")  # for links in mail
OUTBOX_DIR = Path(env.text("OUTBOX_DIR", str(VAR_DIR / "outbox")))
CHANNELS = {  # a way out and its adapter; without an adapter it is not used
    "email": env.text("EMAIL_CHANNEL", "members.inbox.channels.EmailChannel"),
    "sms": env.text("SMS_CHANNEL", "" if PRODUCTION else "members.inbox.channels.SmsFileChannel"),
    "wecom": env.text(
        "WECOM_CHANNEL", "" if PRODUCTION else "members.inbox.channels.WeComFileChannel"
    ),
}

# Every process that reads the settings knows the queue; one that does not starts the faster.
from config import celery as _celery  # noqa: E402, F401
