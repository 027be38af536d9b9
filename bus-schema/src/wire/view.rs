//! What viewers want and that they are still there.

use super::{
    field::{id, required},
    v1,
};
use crate::{
    error::Error,
    model::{rpc::ViewBeat, ws::FramesWish},
};

impl From<&FramesWish> for v1::FramesWish {
    fn from(w: &FramesWish) -> Self {
        Self {
            max_fps: w.max_fps,
            quality: w.quality,
            max_width: w.max_width,
            max_height: w.max_height,
            tab: w.tab,
        }
    }
}

impl TryFrom<v1::FramesWish> for FramesWish {
    type Error = Error;

    fn try_from(w: v1::FramesWish) -> Result<Self, Error> {
        Ok(Self {
            max_fps: w.max_fps,
            quality: w.quality,
            max_width: w.max_width,
            max_height: w.max_height,
            tab: w.tab,
        })
    }
}

impl From<&ViewBeat> for v1::ViewBeat {
    fn from(b: &ViewBeat) -> Self {
        Self { conn: b.conn.to_string(), wish: Some((&b.wish).into()), gone: b.gone, slow: b.slow }
    }
}

impl TryFrom<v1::ViewBeat> for ViewBeat {
    type Error = Error;

    fn try_from(b: v1::ViewBeat) -> Result<Self, Error> {
        Ok(Self { conn: id("conn", b.conn)?, wish: required("wish", b.wish)?, gone: b.gone, slow: b.slow })
    }
}
