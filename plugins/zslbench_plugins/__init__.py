"""The components that come with zslbench: plugins like everybody's, found by their entry points."""
