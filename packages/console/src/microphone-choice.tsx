/** Which microphone to use. */
import type { JSX } from "preact";
import type { Call } from "./call.ts";
import { MicrophoneIcon } from "./icons.tsx";

export function MicrophoneChoice({ call }: { call: Call }): JSX.Element {
  const devices = call.devices.value;
  const known = devices.some((device) => device.deviceId === call.deviceId.value);
  const chosen = known ? call.deviceId.value : (devices[0]?.deviceId ?? "");
  return (
    <label class="picker">
      <MicrophoneIcon />
      <span class="hidden">Microphone</span>
      <select data-testid="microphone" value={chosen} onChange={(event) => void call.useMicrophone(event.currentTarget.value)}>
        {devices.length === 0 && <option value="">Default microphone</option>}
        {devices.map((device) => (
          <option key={device.deviceId} value={device.deviceId}>
            {device.label}
          </option>
        ))}
      </select>
    </label>
  );
}
