import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { type ReactNode, useLayoutEffect, useRef, useState } from "react";
import { Button } from "../../ui/button";

interface Props<T> {
  items: readonly T[];
  label: string;
  row: (item: T) => ReactNode;
  keyOf: (item: T) => number;
  height: number;
}

const NEAR = 48;

/** A growing list, newest last. It follows the newest until somebody scrolls up, and again once they are back. */
export function Log<T>({ items, label, row, keyOf, height }: Props<T>) {
  const scroller = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);
  const rows = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    getItemKey: (index) => {
      const item = items[index];
      return item === undefined ? index : keyOf(item);
    },
    overscan: 10,
  });
  const total = rows.getTotalSize();
  // biome-ignore lint/correctness/useExhaustiveDependencies: followed whenever the list has become longer.
  useLayoutEffect(() => {
    const element = scroller.current;
    if (following && element) element.scrollTop = element.scrollHeight;
  }, [following, total, items]);
  return (
    <div className="relative h-full">
      <div
        ref={scroller}
        role="log"
        aria-label={label}
        aria-live="off"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard.
        tabIndex={0}
        className="scroll-quiet h-full overflow-y-auto"
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) =>
          setFollowing(scrollHeight - scrollTop - clientHeight < NEAR)
        }
      >
        <div className="relative" style={{ height: total }}>
          {rows.getVirtualItems().map((item) => {
            const one = items[item.index];
            return (
              one !== undefined && (
                <div
                  key={item.key}
                  ref={rows.measureElement}
                  data-index={item.index}
                  className="absolute inset-x-0 top-0"
                  style={{ transform: `translateY(${item.start}px)` }}
                >
                  {row(one)}
                </div>
              )
            );
          })}
        </div>
      </div>
      {!following && (
        <Button className="absolute right-4 bottom-4 shadow-lg" onClick={() => setFollowing(true)}>
          <ArrowDown size={16} aria-hidden /> Newest
        </Button>
      )}
    </div>
  );
}
