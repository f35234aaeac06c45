"""`Authorization: JWT <token>`, as the host's scripts/lib/jwt_auth.lua has it."""
from datetime import datetime, timedelta, timezone

import jwt
from django.conf import settings
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

from peer.models import User

KEY = bytes.fromhex(settings.SECRET_KEY)


def token_of(user):
    now = datetime.now(timezone.utc)
    claims = {"user_id": user.pk, "email": user.email, "iat": now, "exp": now + timedelta(hours=2)}
    return jwt.encode(claims, KEY, algorithm="HS256")


class JWTAuthentication(BaseAuthentication):
    def authenticate(self, request):
        words = get_authorization_header(request).split()
        if len(words) != 2 or words[0].upper() != b"JWT":
            return None
        try:
            claims = jwt.decode(words[1], KEY, algorithms=["HS256"])
            return User.objects.select_related("participant", "instructor").get(pk=claims["user_id"]), claims
        except (jwt.InvalidTokenError, KeyError, User.DoesNotExist):
            raise AuthenticationFailed("Error decoding signature.")

    def authenticate_header(self, request):
        return 'JWT realm="api"'
