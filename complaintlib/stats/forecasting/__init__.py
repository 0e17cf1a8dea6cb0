"""Forecasts of many series at once that are judged by how they would have done."""

from .fit import PanelForecast, fit_panel, forecast_panel

__all__ = ["PanelForecast", "fit_panel", "forecast_panel"]
