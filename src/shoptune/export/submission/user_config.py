"""The module from which the evaluator imports `UserModel`."""

from models.shoptune_model import ShoptuneModel

UserModel = ShoptuneModel
