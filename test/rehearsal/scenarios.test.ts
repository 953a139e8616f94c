import { allOthers, playScenariosOf } from "./scenariosSupport";

playScenariosOf(["dev"], allOthers);
