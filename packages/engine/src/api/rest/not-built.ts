/** What `join` may ask for and this version does not have: refused by name, never accepted in silence. Pure. */
import type { rest } from "@parley/protocol";
import type { Fault } from "../../faults.ts";
import { filled, invalid, missing, type Path } from "./body-faults.ts";

export function checkBuilt(properties: rest.JoinProperties, faults: Fault[]): void {
  const { avatar, advanced_features: features } = properties;
  const refuse = (wanted: boolean | null | undefined, path: Path, value: unknown, way: string): void => {
    if (wanted === true) faults.push(invalid(path, value, `is not built; ${way}`));
  };

  refuse(features?.enable_sal, ["properties", "advanced_features", "enable_sal"], true, "properties.remote_rtc_uids chooses whom it hears");
  refuse(avatar?.enable, ["properties", "avatar", "enable"], true, "the agent has a voice alone");
  checkMedia(properties, faults);
}

/** Fields without effect are still checked as documented, so that a body that passes here passes there. */
function checkMedia({ geofence, rtc }: rest.JoinProperties, faults: Fault[]): void {
  if (geofence !== undefined && geofence !== null) {
    const { area, exclude_area: excluded } = geofence;
    if (area === undefined || area === null) faults.push(missing(["properties", "geofence", "area"]));
    else if (filled(excluded) && area !== "GLOBAL") {
      faults.push(invalid(["properties", "geofence", "exclude_area"], excluded, 'goes with properties.geofence.area "GLOBAL" alone'));
    }
  }
  if ((rtc?.encryption_mode === 7 || rtc?.encryption_mode === 8) && filled(rtc.encryption_key) && !filled(rtc.encryption_salt)) {
    faults.push(missing(["properties", "rtc", "encryption_salt"], ` with properties.rtc.encryption_mode ${rtc.encryption_mode}`));
  }
}
