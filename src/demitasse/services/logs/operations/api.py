"""Where the operations of this service are registered."""

from demitasse.services.base import Api

api = Api("logs")
