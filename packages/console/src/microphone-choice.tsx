/** Which microphone to use. */
import type { JSX } from "preact";
import type { Call } from "./call.ts";
import { MicrophoneIcon } from "./icons.tsx";

export function MicrophoneChoice({ call }: { call: Call }): JSX.Element {
  const devices = call.devices.value;
  return (
    <label class="picker">
      <MicrophoneIcon />
      <span class="hidden">Microphone</span>
      <select
        data-testid="microphone"
        value={call.deviceId.value}
        onChange={(event) => void call.useMicrophone(event.currentTarget.value)}
      >
        {!devices.some((device) => device.deviceId === "default") && <option value="">Default microphone</option>}
        {devices.map((device) => (
          <option key={device.deviceId} value={device.deviceId}>
            {device.label}
          </option>
        ))}
      </select>
    </label>
  );
}
