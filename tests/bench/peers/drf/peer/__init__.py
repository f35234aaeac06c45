"""The seminar service once more, in Django REST Framework: the endpoints that the benchmark measures."""
