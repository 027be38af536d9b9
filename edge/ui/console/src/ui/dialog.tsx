// Radix' own overlay locks scrolling by a style element, which the page's policy refuses: these have a plain one.

import { X } from "lucide-react";
import { AlertDialog, Dialog } from "radix-ui";
import { type ReactNode, useLayoutEffect, useRef } from "react";
import { Button, IconButton } from "./button";

const PANEL =
  "fixed left-1/2 top-1/2 z-40 flex max-h-[calc(100dvh-2rem)] w-[calc(100vw-2rem)] -translate-x-1/2 -translate-y-1/2 flex-col rounded-xl border border-line bg-raised shadow-2xl";

/**
 * While a dialog is open nothing behind it can be reached. Radix gives the focus back to the dialog's own trigger alone;
 * these are opened by keys too.
 */
function useModal() {
  const before = useRef<Element | null>(null);
  return {
    onOpenAutoFocus: () => {
      before.current = document.activeElement;
      document.getElementById("root")?.setAttribute("inert", "");
    },
    onCloseAutoFocus: () => {
      document.getElementById("root")?.removeAttribute("inert");
      if (before.current instanceof HTMLElement) before.current.focus({ preventScroll: true });
    },
  };
}

function Backdrop() {
  // Also where the page is left with the dialog open.
  useLayoutEffect(() => () => document.getElementById("root")?.removeAttribute("inert"), []);
  return <div className="fixed inset-0 z-40 bg-black/50" />;
}

interface SheetProps {
  open: boolean;
  close: () => void;
  title: string;
  about?: string;
  wide?: boolean;
  children: ReactNode;
}

export function Sheet({ open, close, title, about, wide, children }: SheetProps) {
  const modal = useModal();
  return (
    <Dialog.Root open={open} onOpenChange={(to) => to || close()}>
      <Dialog.Portal>
        <Backdrop />
        <Dialog.Content
          {...modal}
          className={`${PANEL} ${wide ? "max-w-3xl" : "max-w-md"}`}
          {...(about ? {} : { "aria-describedby": undefined })}
        >
          <header className="flex items-start gap-4 border-b border-line py-3 pr-3 pl-6">
            <div className="grow py-1">
              <Dialog.Title className="text-base font-semibold">{title}</Dialog.Title>
              {about && <Dialog.Description className="text-muted">{about}</Dialog.Description>}
            </div>
            <Dialog.Close asChild>
              <IconButton label="Close">
                <X size={16} aria-hidden />
              </IconButton>
            </Dialog.Close>
          </header>
          {children}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface ConfirmProps {
  open: boolean;
  close: () => void;
  title: string;
  about: ReactNode;
  action: string;
  confirm: () => void;
  children?: ReactNode;
}

/** Asked before something ends. */
export function Confirm({ open, close, title, about, action, confirm, children }: ConfirmProps) {
  const modal = useModal();
  return (
    <AlertDialog.Root open={open} onOpenChange={(to) => to || close()}>
      <AlertDialog.Portal>
        <Backdrop />
        <AlertDialog.Content {...modal} className={`${PANEL} max-w-md gap-4 p-6`}>
          <AlertDialog.Title className="text-base font-semibold">{title}</AlertDialog.Title>
          <AlertDialog.Description asChild>
            <div className="text-muted">{about}</div>
          </AlertDialog.Description>
          {children}
          <div className="flex justify-end gap-2">
            <AlertDialog.Cancel asChild>
              <Button>Cancel</Button>
            </AlertDialog.Cancel>
            <AlertDialog.Action asChild>
              <Button kind="danger" onClick={confirm}>
                {action}
              </Button>
            </AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
