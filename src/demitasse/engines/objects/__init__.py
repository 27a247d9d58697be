"""Objects in buckets, as the services that pass artifacts to each other need them."""

from demitasse.engines.objects.fake import FakeObjects
from demitasse.engines.objects.protocol import NoSuchObject, Objects

__all__ = ["FakeObjects", "NoSuchObject", "Objects"]
