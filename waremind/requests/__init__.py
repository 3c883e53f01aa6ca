"""Every request with its result type, once. The class is the method, its fields are the parameters.

Names given as ACCOUNT, GROUP, REMINDER are an id or a label or name; a GROUP also a JID.
"""
