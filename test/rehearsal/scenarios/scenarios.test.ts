import { allOthers, playScenariosOf } from "./support";

playScenariosOf(["dev"], allOthers);
