"""The measured endpoints, with the host's rules (scripts/models/enrolment.lua)."""
from django.db import transaction
from django.db.models import Count, Prefetch, Q
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView

from peer import serializers
from peer.authentication import token_of
from peer.models import Seminar, User, UserSeminar

MEMBERS = UserSeminar.objects.select_related("user").order_by("created_at", "id")


class Open(APIView):
    authentication_classes = []
    permission_classes = []


class Small(Open):
    def get(self, request):
        return Response({"message": "Hello, World!", "ok": True, "number": 42})


class Row(Open):
    def get(self, request, number):
        return Response(serializers.SeminarRow(get_object_or_404(Seminar, pk=number)).data)


class Always500(Open):
    def get(self, request):
        raise RuntimeError("always fails")


class Login(Open):
    def post(self, request):
        form = serializers.LoginForm(data=request.data)
        form.is_valid(raise_exception=True)
        user = User.objects.filter(email__iexact=form.validated_data["email"]).first()
        if user is None:
            User().set_password(form.validated_data["password"])  # the same time as for a wrong password
        if user is None or not user.check_password(form.validated_data["password"]):
            raise ValidationError({"detail": "The e-mail address or the password is wrong."})
        user.last_login = timezone.now()
        user.save(update_fields=["last_login"])
        return Response({"success": True, "token": token_of(user)})


class Me(APIView):
    def get(self, request):
        memberships = request.user.memberships.select_related("seminar").order_by("created_at", "id")
        return Response(serializers.UserBody(request.user, context={"memberships": list(memberships)}).data)


class SeminarList(APIView):
    def get(self, request):
        newest = request.query_params.get("order") != "earliest"
        seminars = (
            Seminar.objects.filter(name__icontains=request.query_params.get("name", ""))
            .annotate(participant_count=Count(
                "memberships", filter=Q(memberships__role="participant", memberships__is_active=True)))
            .prefetch_related(Prefetch(
                "memberships", queryset=MEMBERS.filter(role="instructor", is_active=True),
                to_attr="active_instructors"))
            .order_by(*(["-created_at", "-id"] if newest else ["created_at", "id"]))
        )
        return Response(serializers.SeminarItem(seminars, many=True).data)


def show(seminar_id):
    seminars = Seminar.objects.prefetch_related(Prefetch("memberships", queryset=MEMBERS))
    return serializers.SeminarBody(get_object_or_404(seminars, pk=seminar_id)).data


class SeminarDetail(APIView):
    def get(self, request, number):
        return Response(show(number))


class Membership(APIView):
    @staticmethod
    def join(user, seminar, role):
        membership = UserSeminar.objects.filter(user=user, seminar=seminar).first()
        if membership is not None:
            raise ValidationError({"detail": "You are in this seminar already." if membership.is_active
                                   else "You dropped this seminar."})
        if not hasattr(user, role):
            raise PermissionDenied(f"You have no {role} profile.")
        if role == "participant":
            if not user.participant.accepted:
                raise PermissionDenied("You are not accepted as a participant yet.")
            if seminar.memberships.filter(role="participant", is_active=True).count() >= seminar.capacity:
                raise ValidationError({"detail": "This seminar is full."})
        elif user.memberships.filter(role="instructor", is_active=True).exists():
            raise ValidationError({"detail": "You are in charge of a seminar already."})
        UserSeminar.objects.create(user=user, seminar=seminar, role=role)

    def post(self, request, number):
        seminar = get_object_or_404(Seminar, pk=number)
        form = serializers.JoinForm(data=request.data)
        form.is_valid(raise_exception=True)
        with transaction.atomic():
            self.join(request.user, seminar, form.validated_data["role"])
        return Response(show(number), status=201)

    def delete(self, request, number):
        seminar = get_object_or_404(Seminar, pk=number)
        with transaction.atomic():
            membership = UserSeminar.objects.filter(user=request.user, seminar=seminar, is_active=True).first()
            if membership is not None:
                if membership.role == "instructor":
                    raise PermissionDenied("An instructor cannot drop their own seminar.")
                membership.is_active, membership.dropped_at = False, timezone.now()
                membership.save(update_fields=["is_active", "dropped_at", "updated_at"])
        return Response(show(number))
