def fill():
    pass
