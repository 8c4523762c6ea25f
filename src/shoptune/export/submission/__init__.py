"""Python files copied unchanged into a submission; shoptune itself never imports them."""
