//! Pictures: in every form, at once, and at the rate of whoever takes them.

use std::time::{Duration, Instant};

use super::{
    page::{LISTEN, password, session, site},
    support::Fleet,
    viewer::{CONTINUOUS, CURSOR, FENCE, LEVEL_6, Said, TIGHT, Viewer},
};

/// Left half green, right half red.
fn is_the_page(rgb: &[u8], width: usize) {
    for (x, colour) in [(100, [0, 0xc0, 0]), (700, [0xc0, 0, 0])] {
        let at = (300 * width + x) * 3;
        let off = rgb[at..at + 3].iter().zip(colour).map(|(a, b)| a.abs_diff(b)).max().unwrap();
        assert!(off < 12, "at {x}: {:?} is not {colour:?}", &rgb[at..at + 3]);
    }
}

#[tokio::test]
async fn a_jpeg_comes_as_it_is_and_raw_in_the_pixels_asked_for() {
    let (site, fleet) = (site().await, Fleet::with(&LISTEN).await);
    let id = session(&fleet, &site.url("/")).await;
    let begun = Instant::now();
    let mut viewer = Viewer::by_password(&fleet, &password(&fleet, &id).await).await.unwrap();
    assert_eq!((viewer.width, viewer.height), (800, 600));
    assert_eq!(viewer.name, "typing – the agent drives");
    viewer.encodings(&[TIGHT, LEVEL_6, CURSOR]).await;
    viewer.request(false).await;
    let picture = viewer.until(TIGHT).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!((picture.at, &picture.data[..2]), ([0, 0, 800, 600], [0xff, 0xd8].as_slice()));
    is_the_page(&picture.decoded(), 800);

    // 32 bits with red first, 16 bits from the big end, 8 bits.
    for (format, bytes) in [
        ([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0], 4),
        ([16, 16, 1, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0, 0, 0, 0], 2),
        ([8, 8, 0, 1, 0, 7, 0, 7, 0, 3, 0, 3, 6, 0, 0, 0], 1),
    ] {
        let mut viewer = Viewer::websocket(&fleet, &id, "").await;
        viewer.send(&[[0, 0, 0, 0].as_slice(), &format].concat()).await;
        viewer.pixel_bytes = bytes;
        // A client of 8 bits may have no JPEG though it asks for one.
        viewer.encodings(if bytes == 1 { &[TIGHT, LEVEL_6, 0] } else { &[0] }).await;
        viewer.request(false).await;
        let raw = viewer.until(0).await;
        assert_eq!(raw.at, [0, 0, 800, 600]);
        let rgb: Vec<u8> = raw
            .data
            .chunks(bytes)
            .flat_map(|pixel| match pixel {
                [r, g, b, _] => [*r, *g, *b],
                [high, low] => {
                    let value = u16::from_be_bytes([*high, *low]);
                    [(value >> 11 << 3) as u8, (value >> 5 << 2) as u8, (value << 3) as u8]
                }
                // So few colours: dark red and green are the next of them.
                [value] => {
                    [if value & 7 > 3 { 0xc0 } else { 0 }, if value >> 3 & 7 > 3 { 0xc0 } else { 0 }, 0]
                }
                other => panic!("{other:?}"),
            })
            .collect();
        is_the_page(&rgb, 800);
        // Only what changes comes then.
        fleet.evaluate(&id, "document.querySelector('output').style.color = ''").await;
        fleet.evaluate(&id, "document.querySelector('output').textContent += Math.random()").await;
        fleet.evaluate(&id, "document.querySelector('output').style.color = '#fff'").await;
        viewer.request(true).await;
        let part = viewer.until(0).await;
        assert!(part.at[2] < 800 || part.at[3] < 600, "{:?}", part.at);
    }
}

#[tokio::test]
async fn wide_pages_are_captured_as_wide_as_tight_goes() {
    let (site, fleet) = (site().await, Fleet::with(&LISTEN).await);
    let viewport = serde_json::json!({ "width": 4_000, "height": 1_000 });
    let id = fleet.session_with(serde_json::json!({ "url": site.url("/"), "viewport": viewport })).await;
    let mut viewer = Viewer::websocket(&fleet, &id, "").await;
    assert_eq!((viewer.width, viewer.height), (2_048, 512));
    viewer.encodings(&[TIGHT, LEVEL_6]).await;
    viewer.request(false).await;
    assert_eq!(viewer.until(TIGHT).await.at, [0, 0, 2_048, 512]);
    viewer.click(1_536, 256).await;
    super::support::until("the click", || async {
        let seen = super::page::seen(&fleet, &id).await["seen"].to_string();
        if seen.contains("mousedown,0,3000,500") { Ok(()) } else { Err(seen) }
    })
    .await;
}

#[tokio::test]
async fn who_answers_has_many_pictures_and_who_does_not_has_two() {
    let (site, fleet) = (site().await, Fleet::with(&LISTEN).await);
    let id = session(&fleet, &site.url("/move")).await;
    let mut viewer = Viewer::websocket(&fleet, &id, "").await;
    viewer.encodings(&[TIGHT, LEVEL_6, FENCE, CONTINUOUS]).await;
    assert!(matches!(viewer.next().await.unwrap(), Said::Fence(..)));
    assert!(matches!(viewer.next().await.unwrap(), Said::EndOfContinuousUpdates));
    viewer.send(&[150, 1, 0, 0, 0, 0, 3, 32, 2, 88]).await;

    let pictures = async |viewer: &mut Viewer, answers: bool, time: Duration| {
        let mut count = 0;
        let count_them = async {
            loop {
                match viewer.next().await.unwrap() {
                    Said::Update(rects) => {
                        count += rects.iter().filter(|rect| rect.encoding == TIGHT).count()
                    }
                    Said::Fence(flags, payload) if answers => viewer.answer(flags, &payload).await,
                    Said::Fence(..) => {}
                    other @ (Said::Bell | Said::EndOfContinuousUpdates | Said::Clipboard(_)) => {
                        panic!("{other:?}")
                    }
                }
            }
        };
        drop(tokio::time::timeout(time, count_them).await);
        count
    };
    // The machine has two cores for all of this and for other tests: the benchmark has the figure.
    let many = pictures(&mut viewer, true, Duration::from_secs(3)).await;
    assert!(many >= 30, "{many} in 3 s");
    assert!(pictures(&mut viewer, false, Duration::from_secs(2)).await <= 2);
    // Off, which is confirmed, and then by asking.
    viewer.send(&[150, 0, 0, 0, 0, 0, 0, 0, 0, 0]).await;
    while !matches!(viewer.next().await.unwrap(), Said::EndOfContinuousUpdates) {}
    assert_eq!(pictures(&mut viewer, true, Duration::from_secs(1)).await, 0, "nobody asked");
    viewer.request(true).await;
    viewer.until(TIGHT).await;
}
