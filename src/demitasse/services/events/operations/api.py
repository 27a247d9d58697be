"""The API that the operations register with."""

from demitasse.services.base import Api

api = Api("events")
