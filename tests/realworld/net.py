HOSTS = {}
ADDRESSES = []
def make_certificates(home): pass
def fill(): pass
