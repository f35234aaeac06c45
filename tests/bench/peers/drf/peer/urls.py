"""The measured paths."""
from django.urls import path

from peer import views

urlpatterns = [
    path("small/", views.Small.as_view()),
    path("row/<int:number>/", views.Row.as_view()),
    path("api/v1/debug/always-500/", views.Always500.as_view()),
    path("api/v1/login/", views.Login.as_view()),
    path("api/v1/user/me/", views.Me.as_view()),
    path("api/v1/seminar/", views.SeminarList.as_view()),
    path("api/v1/seminar/<int:number>/", views.SeminarDetail.as_view()),
    path("api/v1/seminar/<int:number>/user/", views.Membership.as_view()),
]
