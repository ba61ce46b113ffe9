/** Line icons, drawn on a 24 px grid; they carry no meaning of their own for screen readers. */
import type { ComponentChildren, JSX } from "preact";

function Icon({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const MicrophoneIcon = (): JSX.Element => (
  <Icon>
    <rect x="9" y="3" width="6" height="11.5" rx="3" />
    <path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3" />
  </Icon>
);

export const MutedIcon = (): JSX.Element => (
  <Icon>
    <path d="M9 9V6a3 3 0 0 1 6 0v5.5M14.2 13.7A3 3 0 0 1 9 11.5M5.5 11.5a6.5 6.5 0 0 0 10.6 5M18.5 11.5c0 1-.2 1.900-.6 2.700M12 18v3M4 4l16 16" />
  </Icon>
);

export const HangUpIcon = (): JSX.Element => (
  <Icon>
    <path d="M2.800 14.200c5-6 13.400-6 18.400 0l-2.600 2.900-3.600-1.900v-2.900a11 11 0 0 0-6 0v2.900l-3.600 1.900z" />
  </Icon>
);

export const SendIcon = (): JSX.Element => (
  <Icon>
    <path d="M12 19V5M6 11l6-6 6 6" />
  </Icon>
);

export const SunIcon = (): JSX.Element => (
  <Icon>
    <circle cx="12" cy="12" r="4" />
    <path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.600 5.600 7 7M17 17l1.400 1.400M18.400 5.600 17 7M7 17l-1.400 1.400" />
  </Icon>
);

export const MoonIcon = (): JSX.Element => (
  <Icon>
    <path d="M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z" />
  </Icon>
);

export const WarningIcon = (): JSX.Element => (
  <Icon>
    <path d="M12 4 2.800 19.500h18.400zM12 10v4.500M12 17v.300" />
  </Icon>
);

export const CloseIcon = (): JSX.Element => (
  <Icon>
    <path d="m6 6 12 12M18 6 6 18" />
  </Icon>
);

export const CopyIcon = (): JSX.Element => (
  <Icon>
    <rect x="8.500" y="8.500" width="11" height="11" rx="2.500" />
    <path d="M15.500 5.500A2 2 0 0 0 13.500 4h-7A2.500 2.500 0 0 0 4 6.500v7a2 2 0 0 0 1.500 2" />
  </Icon>
);

export const CheckIcon = (): JSX.Element => (
  <Icon>
    <path d="m5 12.500 4.500 4.500L19 7.500" />
  </Icon>
);

export const EyeIcon = (): JSX.Element => (
  <Icon>
    <path d="M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12z" />
    <circle cx="12" cy="12" r="2.800" />
  </Icon>
);

/** Two voices above and below one line. */
export const Mark = (): JSX.Element => (
  <svg class="mark" viewBox="0 0 28 28" width="28" height="28" aria-hidden="true" focusable="false">
    <path class="mark-user" d="M5 12v-2M11 12V5M17 12V8.500M23 12v-1" />
    <path class="mark-agent" d="M5 16v1.500M11 16v3M17 16v7M23 16v3" />
  </svg>
);
