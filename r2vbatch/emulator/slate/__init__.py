"""The slate: the video the emulator draws in place of a generated one.

``model`` says what a slate shows, ``render`` draws one; the rooms between them each know one
thing (words, places, pictures, sound) and none knows the service.
"""
