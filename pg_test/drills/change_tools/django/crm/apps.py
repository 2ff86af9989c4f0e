from django.apps import AppConfig
from django.db.backends.signals import connection_created


def listen(connection, **_):
    """Django itself keeps silent about what the server says."""
    connection.connection.add_notice_handler(lambda d: print(f"{d.severity}: {d.message_primary}"))


class CrmConfig(AppConfig):
    name = "crm"

    def ready(self):
        connection_created.connect(listen)
