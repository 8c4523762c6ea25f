"""ShopBench: questions, rows, chats, parsers and metrics. Imports no stage."""
