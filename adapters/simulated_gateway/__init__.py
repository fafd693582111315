"""An IB Gateway on this machine that serves bars it was given, to practise and to test with."""
