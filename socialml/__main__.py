"""python -m socialml COMMAND"""

from socialml.cli import main

if __name__ == "__main__":
    main()
