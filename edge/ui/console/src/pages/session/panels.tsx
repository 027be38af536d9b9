import { useNavigate, useSearch } from "@tanstack/react-router";
import { Tabs } from "radix-ui";
import type { ReactNode } from "react";
import type { Session } from "../../api/types";
import type { FeedState } from "../../live/feed";
import type { Panel } from "../../router";
import { ConsolePanel } from "./console-panel";
import { DetailsPanel } from "./details-panel";
import { FilesPanel } from "./files-panel";
import { NetworkPanel } from "./network-panel";
import { type Pictures, PicturesPanel } from "./pictures";
import { TimelinePanel } from "./timeline-panel";

interface Props {
  session: Session;
  feed: FeedState;
  pictures: Pictures;
}

export function Panels({ session, feed, pictures }: Props) {
  const { panel = "timeline" } = useSearch({ from: "/shell/sessions/$id" });
  const navigate = useNavigate({ from: "/sessions/$id" });
  const live = session.state !== "ended";
  const panels: readonly (readonly [Panel, string, ReactNode])[] = [
    ["timeline", "Timeline", <TimelinePanel key="timeline" entries={feed.timeline} down={feed.down} />],
    ["console", "Console", <ConsolePanel key="console" entries={feed.console} left_out={feed.left_out} />],
    ["network", "Network", <NetworkPanel key="network" requests={feed.network} left_out={feed.left_out} />],
    [
      "pictures",
      "Pictures",
      <PicturesPanel key="pictures" pictures={pictures} live={session.state === "ready"} />,
    ],
    ["files", "Files", <FilesPanel key="files" id={session.id} live={live} />],
    ["details", "Details", <DetailsPanel key="details" session={session} />],
  ];
  return (
    <Tabs.Root
      value={panel}
      onValueChange={(to) =>
        void navigate({ search: { panel: to === "timeline" ? undefined : (to as Panel) }, replace: true })
      }
      className="flex min-h-0 grow flex-col"
    >
      <Tabs.List
        aria-label="About the session"
        className="scroll-quiet flex shrink-0 overflow-x-auto border-b border-line px-2"
      >
        {panels.map(([key, name]) => (
          <Tabs.Trigger
            key={key}
            value={key}
            className="-mb-px h-10 border-b-2 border-transparent px-2 font-medium text-muted hover:text-ink data-[state=active]:border-accent data-[state=active]:text-ink"
          >
            {name}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      {panels.map(([key, , content]) => (
        <Tabs.Content key={key} value={key} className="min-h-0 grow outline-offset-[-2px]">
          {content}
        </Tabs.Content>
      ))}
    </Tabs.Root>
  );
}
