"""Measurements, run by hand. They set up their processes as the service and the command line do."""

from omrclip.imaging.setting_up import set_up_process

set_up_process()
