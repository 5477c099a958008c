"""What a station lists before its bytes come: such a recording is announced, and late when its deadline passes."""
