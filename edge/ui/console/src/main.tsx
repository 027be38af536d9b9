import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { tradeToken } from "./api/login";
import { queries } from "./api/queries";
import { loadPages, router } from "./router";
import { applyTheme } from "./ui/theme";
import "./styles.css";

applyTheme();
// Before anything asks the server, and before the router reads the address.
await tradeToken();

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
}

const LATER_MS = 1_500;
setTimeout(loadPages, LATER_MS);
