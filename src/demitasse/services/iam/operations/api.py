"""Where the operations of this service are registered."""

from demitasse.services.base import Api
from demitasse.services.iam.beginnings import seed

api = Api("iam")
api.seed(seed)
