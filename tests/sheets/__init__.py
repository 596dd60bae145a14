"""Contact sheets: slates side by side, for people to look at, since no test can.

``python -m tests.sheets FOLDER [CASE…]`` draws each case at all ten sizes, one picture a case.
``python -m tests.sheets.readme OUTPUT PICTURE`` makes the picture of the README.
"""
