//! `GET /v1/sessions/{id}/pdf`

use axum::{extract::State, response::Response};
use bus_schema::{
    Error,
    model::command::{Command, CommandRequest, Pdf},
};
use utoipa::IntoParams;

use crate::{
    app::App,
    protocol::rest::{
        error::Problem,
        extract::{FromParams, Id, Params, Query},
        sessions::commands::bytes,
    },
    security::auth::Caller,
    telemetry,
};

/// Parameters of a PDF. Lengths are inches.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PdfParams {
    #[param(value_type = Option<bool>)]
    landscape: bool,
    #[param(value_type = Option<bool>)]
    print_background: bool,
    /// 0.1 to 2.
    scale: Option<f64>,
    paper_width: Option<f64>,
    paper_height: Option<f64>,
    margin_top: Option<f64>,
    margin_bottom: Option<f64>,
    margin_left: Option<f64>,
    margin_right: Option<f64>,
    /// E.g. `1-5, 8`.
    page_ranges: Option<String>,
    #[param(value_type = Option<bool>)]
    prefer_css_page_size: bool,
    /// `tabs[].n`; absent: the active tab.
    tab: Option<u32>,
}

impl FromParams for PdfParams {
    fn from_params(p: &mut Params) -> Result<Self, Error> {
        const LENGTH: &str = "a number of inches";
        Ok(Self {
            landscape: p.flag("landscape")?,
            print_background: p.flag("print_background")?,
            scale: p.parsed("scale", "a number from 0.1 to 2")?,
            paper_width: p.parsed("paper_width", LENGTH)?,
            paper_height: p.parsed("paper_height", LENGTH)?,
            margin_top: p.parsed("margin_top", LENGTH)?,
            margin_bottom: p.parsed("margin_bottom", LENGTH)?,
            margin_left: p.parsed("margin_left", LENGTH)?,
            margin_right: p.parsed("margin_right", LENGTH)?,
            page_ranges: p.text("page_ranges")?,
            prefer_css_page_size: p.flag("prefer_css_page_size")?,
            tab: p.parsed("tab", "the number of a tab")?,
        })
    }
}

impl PdfParams {
    fn request(self) -> Result<CommandRequest, Error> {
        let command = Command::Pdf(Pdf {
            landscape: self.landscape,
            print_background: self.print_background,
            scale: self.scale,
            paper_width: self.paper_width,
            paper_height: self.paper_height,
            margin_top: self.margin_top,
            margin_bottom: self.margin_bottom,
            margin_left: self.margin_left,
            margin_right: self.margin_right,
            page_ranges: self.page_ranges,
            prefer_css_page_size: self.prefer_css_page_size,
        });
        let request = CommandRequest { tab: self.tab, ..CommandRequest::new(command) };
        request.validate()?;
        Ok(request)
    }
}

/// The page as PDF
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}/pdf",
    operation_id = "pdf",
    tag = "pages",
    params(("id" = bus_schema::SessionId, Path), PdfParams),
    responses((status = 200, description = "The document", content_type = "application/pdf", body = Vec<u8>), Problem)
)]
pub async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    Query(params): Query<PdfParams>,
) -> Result<Response, Problem> {
    telemetry::session(&id);
    let (_, document) = app.gateway().run(caller.tenant(), &id, params.request()?).await?;
    bytes(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_the_command() {
        for (query, field) in
            [("scale=3", "scale"), ("paper_width=x", "paper_width"), ("margin_top=-1", "margin_top")]
        {
            let e = PdfParams::from_params(&mut Params::new(query)).and_then(|p| p.request()).unwrap_err();
            assert_eq!(e.field.as_deref(), Some(field), "{query}: {e}");
        }
        PdfParams::from_params(&mut Params::new("landscape&scale=0.5")).unwrap().request().unwrap();
    }
}
