import { playScenariosOf } from "./scenariosSupport";

playScenariosOf(["dev"]);
