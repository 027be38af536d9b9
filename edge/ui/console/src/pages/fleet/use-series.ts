import { useEffect, useState } from "react";
import { Problem, request } from "../../api/client";
import { parse } from "../../live/metrics";
import { gauge, quantileOf, Recorder, rate } from "../../live/series";

const EVERY_MS = 2_000;

const READERS = {
  created: rate("rookery_session_ready_seconds_count", { phase: "total" }),
  ready50: quantileOf(0.5, "rookery_session_ready_seconds", { phase: "total" }),
  ready95: quantileOf(0.95, "rookery_session_ready_seconds", { phase: "total" }),
  commands: rate("rookery_command_seconds_count"),
  command50: quantileOf(0.5, "rookery_command_seconds"),
  command95: quantileOf(0.95, "rookery_command_seconds"),
  requests: rate("rookery_http_requests_total"),
  frames: rate("rookery_frames_sent_total"),
  frame_bytes: rate("rookery_frames_sent_bytes_total"),
  sockets: gauge("rookery_websockets"),
};

/** Kept while the console is open, also while another of its pages is shown. */
const recorder = new Recorder(READERS);

/** What this gateway counts, looked at every two seconds while the page is on the screen. */
export function useSeries() {
  const [series, setSeries] = useState(recorder.series);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    let gone = false;
    const look = async () => {
      if (document.hidden) return;
      try {
        const text = await (await request("GET", "/metrics", { timeout_ms: EVERY_MS * 2 })).text();
        recorder.look(Date.now(), parse(text));
        if (gone) return;
        setSeries(recorder.series);
        setProblem(null);
      } catch (cause) {
        if (!gone) setProblem(Problem.of(cause));
      }
    };
    void look();
    const timer = setInterval(() => void look(), EVERY_MS);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, []);
  return { series, problem };
}
