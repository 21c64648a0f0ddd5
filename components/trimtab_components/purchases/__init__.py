"""What binds money: bought only with a recorded approval, and protected once it is bought."""
