"""The tables of the host's scripts/migrations, as Django's models."""
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models


class User(AbstractBaseUser):
    username = models.CharField(max_length=150)
    email = models.EmailField(unique=True)
    first_name = models.CharField(max_length=150, blank=True)
    last_name = models.CharField(max_length=150, blank=True)
    date_joined = models.DateTimeField(auto_now_add=True)

    objects = BaseUserManager()
    USERNAME_FIELD = "email"

    class Meta:
        db_table = "user"


class Dated(models.Model):
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class ParticipantProfile(Dated):
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="participant")
    university = models.CharField(max_length=150, blank=True)
    accepted = models.BooleanField(default=True)

    class Meta:
        db_table = "participant_profile"


class InstructorProfile(Dated):
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="instructor")
    company = models.CharField(max_length=150, blank=True)
    year = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = "instructor_profile"


class Seminar(Dated):
    name = models.CharField(max_length=150)
    capacity = models.PositiveIntegerField()
    count = models.PositiveIntegerField()
    time = models.CharField(max_length=5)
    online = models.BooleanField(default=True)

    class Meta:
        db_table = "seminar"
        indexes = [models.Index(fields=["created_at", "id"], name="seminar_by_age")]


class UserSeminar(Dated):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    seminar = models.ForeignKey(Seminar, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=11)
    is_active = models.BooleanField(default=True)
    dropped_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "user_seminar"
        constraints = [models.UniqueConstraint(fields=["user", "seminar"], name="once_in_a_seminar")]
        indexes = [models.Index(fields=["seminar", "role", "is_active"], name="user_seminar_by_seminar")]


class ErrorLog(models.Model):
    ref = models.CharField(max_length=20, unique=True)
    occurred_at = models.DateTimeField(auto_now_add=True)
    status = models.PositiveIntegerField()
    exc_type = models.CharField(max_length=100)
    message = models.TextField()
    traceback = models.TextField()
    method = models.CharField(max_length=10)
    path = models.TextField()
    headers = models.JSONField()
    remote_addr = models.CharField(max_length=45)

    class Meta:
        db_table = "error_log"
