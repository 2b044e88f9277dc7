"""The command ``smm``: a room that the library never enters, and whose door needs nothing but the standard library."""
