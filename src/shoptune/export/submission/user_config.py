"""The evaluator imports `UserModel` from here."""

from models.shoptune_model import ShoptuneModel

UserModel = ShoptuneModel
