"""What people use today, written as well as such scripts are: same takes, same request bodies,
clips under a temporary name until they are whole, and a second run that skips what is there."""
