"""The bodies of the seminar service."""
from rest_framework import serializers

from peer.models import InstructorProfile, ParticipantProfile, Seminar, User, UserSeminar


class InstructorMember(serializers.ModelSerializer):
    id = serializers.IntegerField(source="user.id")
    username = serializers.CharField(source="user.username")
    email = serializers.CharField(source="user.email")
    first_name = serializers.CharField(source="user.first_name")
    last_name = serializers.CharField(source="user.last_name")
    joined_at = serializers.DateTimeField(source="created_at")

    class Meta:
        model = UserSeminar
        fields = ["id", "username", "email", "first_name", "last_name", "joined_at"]


class ParticipantMember(InstructorMember):
    class Meta:
        model = UserSeminar
        fields = InstructorMember.Meta.fields + ["is_active", "dropped_at"]


class SeminarBody(serializers.ModelSerializer):
    instructors = serializers.SerializerMethodField()
    participants = serializers.SerializerMethodField()

    class Meta:
        model = Seminar
        fields = ["id", "name", "capacity", "count", "time", "online", "instructors", "participants"]

    # Both go through what was prefetched; a filter() would ask the database again.
    def get_instructors(self, seminar):
        return InstructorMember([m for m in seminar.memberships.all() if m.role == "instructor"], many=True).data

    def get_participants(self, seminar):
        return ParticipantMember([m for m in seminar.memberships.all() if m.role == "participant"], many=True).data


class SeminarItem(serializers.ModelSerializer):
    instructors = InstructorMember(source="active_instructors", many=True)
    participant_count = serializers.IntegerField()

    class Meta:
        model = Seminar
        fields = ["id", "name", "instructors", "participant_count"]


class SeminarRow(serializers.ModelSerializer):
    class Meta:
        model = Seminar
        fields = ["id", "name", "capacity", "count", "time"]


class Joined(serializers.ModelSerializer):
    id = serializers.IntegerField(source="seminar_id")
    name = serializers.CharField(source="seminar.name")
    joined_at = serializers.DateTimeField(source="created_at")

    class Meta:
        model = UserSeminar
        fields = ["id", "name", "joined_at", "is_active", "dropped_at"]


class Charge(Joined):
    class Meta:
        model = UserSeminar
        fields = ["id", "name", "joined_at"]


class Participant(serializers.ModelSerializer):
    seminars = serializers.SerializerMethodField()

    class Meta:
        model = ParticipantProfile
        fields = ["id", "university", "accepted", "seminars"]

    def get_seminars(self, profile):
        return Joined([m for m in self.context["memberships"] if m.role == "participant"], many=True).data


class Instructor(serializers.ModelSerializer):
    charge = serializers.SerializerMethodField()

    class Meta:
        model = InstructorProfile
        fields = ["id", "company", "year", "charge"]

    def get_charge(self, profile):
        charges = [m for m in self.context["memberships"] if m.role == "instructor"]
        return Charge(charges[-1]).data if charges else None


class UserBody(serializers.ModelSerializer):
    participant = serializers.SerializerMethodField()
    instructor = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ["id", "username", "email", "first_name", "last_name", "last_login", "date_joined", "participant",
                  "instructor"]

    def get_participant(self, user):
        return Participant(user.participant, context=self.context).data if hasattr(user, "participant") else None

    def get_instructor(self, user):
        return Instructor(user.instructor, context=self.context).data if hasattr(user, "instructor") else None


class LoginForm(serializers.Serializer):
    email = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=128, trim_whitespace=False)


class JoinForm(serializers.Serializer):
    role = serializers.ChoiceField(choices=["participant", "instructor"])
