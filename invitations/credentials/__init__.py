"""What proves who somebody is: tokens of apps and sessions of browsers. How they begin, how they are taken back, and
what ends with them."""
