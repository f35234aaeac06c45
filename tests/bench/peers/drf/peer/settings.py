"""Settings: production's, and as lean as Django allows."""
import os

DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
# The host's own key, so that a token of one is good at the other.
with open(os.environ["BENCH_SECRET"], encoding="ascii") as key_file:
    SECRET_KEY = key_file.read().strip()
ROOT_URLCONF = "peer.urls"
WSGI_APPLICATION = "peer.wsgi.application"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "peer"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "sqlite_immediate",
        "NAME": os.environ["BENCH_DATABASE"],
        "CONN_MAX_AGE": None,
        "OPTIONS": {"timeout": 30},
    }
}
AUTH_USER_MODEL = "peer.User"
PASSWORD_HASHERS = ["peer.hashers.Argon2"]
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["peer.authentication.JWTAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "peer.errors.handler",
}
