"""Where Pulumi's Python language host starts the package: see `trimtab_components.plugin`."""

from trimtab_components.plugin import main

if __name__ == "__main__":
    main()
