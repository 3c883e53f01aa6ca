"""What clients reach: the socket, the requests on it and their answers."""
